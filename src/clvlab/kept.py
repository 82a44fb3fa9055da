"""Results kept in the cache folder as JSON, Parquet and NumPy arrays; nothing is unpickled.

A result is made of frames, arrays, plain values, containers, and objects of this package made of the same. Each is
written in an open format; read again, objects are put together from their fields without running any code of theirs,
and no class from outside the package is ever looked up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from clvlab.cache import cached_folder, read_frame

_PACKAGE = __name__.partition(".")[0]
_SECONDS = "datetime64[s]"
_CONTENT, _ARRAYS = "result.json", "arrays.npz"
Found = TypeVar("Found")


def kept(key: str, make: Callable[[], Found]) -> Found:
    """Return the result kept under ``key``, made and kept the first time.

    Parameters
    ----------
    key
        Of all that the result depends on.
    make
        Makes the result: frames, arrays, plain values, containers, and objects of this package made of these.

    Raises
    ------
    TypeError
        When the result holds something else, such as a function or an open table.

    Examples
    --------
    >>> kept("squares-1", lambda: {"squares": [1, 4, 9]})                        # doctest: +SKIP
    {'squares': [1, 4, 9]}
    """
    made: list[Found] = []

    def fill(folder: Path) -> None:
        made.append(make())
        write(made[0], folder)

    folder = cached_folder(key, fill)
    return made[0] if made else read(folder)


def write(result: object, folder: Path) -> None:
    """Write a result into an empty folder."""
    writer = _Writer(folder)
    content = writer.node(result)
    np.savez(folder / _ARRAYS, **writer.arrays)  # type: ignore[arg-type]  # its stubs take any name for an option
    (folder / _CONTENT).write_text(json.dumps(content), encoding="utf-8")


def read(folder: Path) -> Any:
    """Return the result that :func:`write` left in a folder."""
    content = json.loads((folder / _CONTENT).read_text(encoding="utf-8"))
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        return _Reader(folder, arrays).value(content)


class _Writer:
    """Turns values into JSON nodes; arrays and frames go into files of their own, each object once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.arrays: dict[str, np.ndarray] = {}
        self._written: dict[int, tuple[object, dict[str, Any]]] = {}
        self._frames = 0

    def node(self, value: object) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, np.ndarray | pd.DataFrame | pd.Series | pd.Index):
            if id(value) not in self._written:
                self._written[id(value)] = value, self._filed(value)
            return self._written[id(value)][1]
        if isinstance(value, np.generic):
            return {"array": self._array(np.asarray(value)), "scalar": True}
        if isinstance(value, datetime | date):  # a pandas time stamp is a datetime
            return {type(value).__name__: value.isoformat()}
        if isinstance(value, dict | MappingProxyType):
            return {"dict": [[self.node(key), self.node(held)] for key, held in value.items()]}
        if isinstance(value, list | tuple) and type(value) in (list, tuple):
            return {type(value).__name__: [self.node(held) for held in value]}
        if isinstance(value, frozenset):
            return {"frozenset": sorted(self.node(held) for held in value)}
        return self._object(value)

    def _object(self, value: object) -> dict[str, Any]:
        kind = type(value)
        if kind.__module__.partition(".")[0] != _PACKAGE or "<locals>" in kind.__qualname__:
            raise TypeError(f"A {kind.__module__}.{kind.__qualname__} cannot be kept.")
        named = {"class": [kind.__module__, kind.__qualname__]}
        if isinstance(value, tuple):
            return named | {"items": [self.node(held) for held in value]}
        held = {one.name: getattr(value, one.name) for one in fields(value)} if is_dataclass(value) else vars(value)
        return named | {"fields": {name: self.node(one) for name, one in held.items()}}

    def _filed(self, value: np.ndarray | pd.DataFrame | pd.Series | pd.Index) -> dict[str, Any]:
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                return {"objects": [self.node(held) for held in value.tolist()], "shape": list(value.shape)}
            return {"array": self._array(value)}
        if isinstance(value, pd.Index):
            return {"index": self._frame(pd.DataFrame(index=value))}
        if isinstance(value, pd.Series):
            return {"series": self._frame(value.to_frame("values")), "name": self.node(value.name)}
        columns = [self.node(name) for name in value.columns.tolist()]
        return {
            "frame": self._frame(value.set_axis([str(place) for place in range(len(columns))], axis=1)),
            "columns": columns,
            "named": [self.node(name) for name in value.columns.names],
        }

    def _array(self, array: np.ndarray) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return name

    def _frame(self, frame: pd.DataFrame) -> dict[str, Any]:
        self._frames += 1
        name = f"{self._frames}.parquet"
        frame.to_parquet(self._folder / name)
        # Parquet knows no whole seconds, and gives them back as milliseconds.
        seconds = [column for column, kind in frame.dtypes.items() if str(kind) == _SECONDS]
        levels = [frame.index.get_level_values(place) for place in range(frame.index.nlevels)]
        return {"file": name, "seconds": seconds, "index_in_seconds": any(str(one.dtype) == _SECONDS for one in levels)}


class _Reader:
    """Puts values together again from JSON nodes."""

    def __init__(self, folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
        self._folder = folder
        self._arrays = arrays
        self._known: dict[str, Any] = {}

    def value(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        for kind, make in self._makers.items():
            if kind in node:
                return make(self, node)
        raise ValueError(f"A kept result holds {sorted(node)}, which nothing reads.")

    def _array(self, node: dict[str, Any]) -> Any:
        name = node["array"]
        if name not in self._known:
            self._known[name] = self._arrays[name]
        return self._known[name][()] if "scalar" in node else self._known[name]

    def _objects(self, node: dict[str, Any]) -> np.ndarray:
        array = np.empty(len(node["objects"]), dtype=object)
        array[:] = [self.value(held) for held in node["objects"]]
        return array.reshape(node["shape"])

    def _index(self, node: dict[str, Any]) -> pd.Index:
        return self._once(node["index"], lambda frame: frame.index)

    def _series(self, node: dict[str, Any]) -> pd.Series:
        name = self.value(node["name"])
        return self._once(node["series"], lambda frame: frame["values"].rename(name))

    def _frame(self, node: dict[str, Any]) -> pd.DataFrame:
        names, named = ([self.value(name) for name in node[part]] for part in ("columns", "named"))
        columns = pd.MultiIndex.from_tuples(names, names=named) if len(named) > 1 else pd.Index(names, name=named[0])
        return self._once(node["frame"], lambda frame: frame.set_axis(columns, axis=1))

    def _object(self, node: dict[str, Any]) -> Any:
        module, name = node["class"]
        if module.partition(".")[0] != _PACKAGE:
            raise ValueError(f"A kept result names {module}.{name}, which is not of this package.")
        kind: Any = import_module(module)
        for part in name.split("."):
            kind = getattr(kind, part)
        if not isinstance(kind, type):
            raise ValueError(f"A kept result names {module}.{name}, which is no class.")
        if "items" in node:
            return tuple.__new__(kind, [self.value(held) for held in node["items"]])
        made: Any = object.__new__(kind)
        for field, held in node["fields"].items():
            object.__setattr__(made, field, self.value(held))
        return made

    def _once(self, stored: dict[str, Any], make: Callable[[pd.DataFrame], Any]) -> Any:
        """Return what is made of a stored frame, the same object wherever the result held it."""
        name = stored["file"]
        if name not in self._known:
            frame = read_frame(self._folder / name).astype(dict.fromkeys(stored["seconds"], _SECONDS))
            if stored["index_in_seconds"]:
                frame.index = _in_seconds(frame.index)
            self._known[name] = make(frame)
        return self._known[name]

    _makers: Mapping[str, Callable[[_Reader, dict[str, Any]], Any]] = {
        "array": _array, "objects": _objects, "index": _index, "series": _series, "frame": _frame, "class": _object,
        "dict": lambda self, node: {self.value(key): self.value(held) for key, held in node["dict"]},
        "list": lambda self, node: [self.value(held) for held in node["list"]],
        "tuple": lambda self, node: tuple(self.value(held) for held in node["tuple"]),
        "frozenset": lambda _, node: frozenset(node["frozenset"]),
        "date": lambda _, node: date.fromisoformat(node["date"]),
        "datetime": lambda _, node: datetime.fromisoformat(node["datetime"]),
        "Timestamp": lambda _, node: pd.Timestamp(node["Timestamp"]),
    }  # fmt: skip


def _in_seconds(index: pd.Index) -> pd.Index:
    """Return an index with its dates in whole seconds."""
    if isinstance(index, pd.MultiIndex):
        return index.set_levels([_in_seconds(level) for level in index.levels])
    return index.as_unit("s") if isinstance(index, pd.DatetimeIndex) else index
