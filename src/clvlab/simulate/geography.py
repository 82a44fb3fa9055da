"""Places, services and names of the market."""

from __future__ import annotations

import numpy as np

from clvlab.simulate.calendar import Floats, Ints

REGIONS = ("north", "northeast", "east", "central", "south", "southwest", "northwest")

# city, region, latitude, longitude, weight as a customer's home
CITIES: tuple[tuple[str, int, float, float, float], ...] = (
    ("Beijing", 0, 39.9, 116.4, 6), ("Tianjin", 0, 39.1, 117.2, 5), ("Shijiazhuang", 0, 38.0, 114.5, 2),
    ("Shenyang", 1, 41.8, 123.4, 3), ("Dalian", 1, 38.9, 121.6, 3), ("Harbin", 1, 45.8, 126.5, 1),
    ("Shanghai", 2, 31.2, 121.5, 12), ("Suzhou", 2, 31.3, 120.6, 8), ("Hangzhou", 2, 30.3, 120.2, 7),
    ("Ningbo", 2, 29.9, 121.5, 6), ("Nanjing", 2, 32.1, 118.8, 5), ("Qingdao", 2, 36.1, 120.4, 4),
    ("Wuhan", 3, 30.6, 114.3, 5), ("Changsha", 3, 28.2, 112.9, 3), ("Zhengzhou", 3, 34.7, 113.6, 3),
    ("Shenzhen", 4, 22.5, 114.1, 9), ("Guangzhou", 4, 23.1, 113.3, 8), ("Dongguan", 4, 23.0, 113.7, 6),
    ("Xiamen", 4, 24.5, 118.1, 3), ("Chengdu", 5, 30.7, 104.1, 4), ("Chongqing", 5, 29.6, 106.5, 4),
    ("Kunming", 5, 25.0, 102.7, 1), ("Xi'an", 6, 34.3, 108.9, 3), ("Urumqi", 6, 43.8, 87.6, 1),
)  # fmt: skip
CITY_NAMES = tuple(c[0] for c in CITIES)
CITY_REGION: Ints = np.array([c[1] for c in CITIES])
CITY_WEIGHT: Floats = np.array([c[4] for c in CITIES]) / sum(c[4] for c in CITIES)


def _distances() -> Floats:
    """Road distances between cities in km: great circle and a quarter; 35 km within a city."""
    lat = np.radians([c[2] for c in CITIES])
    lon = np.radians([c[3] for c in CITIES])
    h = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    return np.maximum(np.round(2 * 6371 * np.arcsin(np.sqrt(h)) * 1.25), 35.0)


DISTANCE: Floats = _distances()

SERVICES = (
    "full truckload", "less than truckload", "express", "air freight", "cold chain",
    "warehousing", "customs clearance", "packaging",
)  # fmt: skip
TRANSPORT = 5  # the first five move goods
SERVICE_WEIGHT: Floats = np.array([0.24, 0.36, 0.24, 0.06, 0.10])  # as a customer's main service
SERVICE_RATE: Floats = np.array([0.55, 1.15, 2.20, 1.00, 0.75])  # orders: small ones are ordered often
ADDED_WEIGHT: Floats = np.array([0.5, 0.2, 0.3])  # among value-added services
TYPICAL_WEIGHT: Floats = np.array([11000, 620, 32, 170, 1900, 900, 1500, 400.0])  # kg per order
WEIGHT_SIGMA: Floats = np.array([0.18, 0.55, 0.60, 0.50, 0.45, 0.6, 0.4, 0.5])  # log sd between orders
SERVICE_LATE: Floats = np.array([-0.15, 0.20, -0.25, -0.10, 0.10, -0.6, 0.15, -0.5])  # logit
LEAD_HOURS: Floats = np.array([24, 24, 8, 10, 14, 12, 24, 24.0])  # booking to dispatch due
SPEED: Floats = np.array([38, 26, 42, 60, 40, 40, 40, 40.0])  # km per hour, stops included


def list_price(service: Ints, weight: Floats, km: Floats) -> Floats:
    """List price of an order in CNY, by service, weight in kg and distance in km."""
    tonnes = weight / 1000
    prices = np.stack(
        [
            450 + km * (2.6 + 0.32 * tonnes),  # full truckload: the truck's km, heavier is dearer
            45 + weight * 0.22 + tonnes * km * 0.62,  # less than truckload
            16 + weight * (1.5 + km * 0.0017),  # express
            90 + weight * (4.2 + km * 0.0012),  # air freight
            160 + tonnes * (260 + km * 0.95),  # cold chain
            120 + tonnes * 340,  # warehousing
            260 + tonnes * 130,  # customs clearance
            70 + tonnes * 520,  # packaging
        ]
    )
    return np.take_along_axis(prices, service[None], axis=0)[0]


INDUSTRIES: tuple[tuple[str, float, int], ...] = (  # name, weight, industry risk 1-5
    ("electronics", 0.15, 3), ("machinery", 0.13, 3), ("clothing", 0.13, 4), ("food", 0.13, 2),
    ("automotive parts", 0.11, 3), ("chemicals", 0.08, 3), ("household goods", 0.09, 3),
    ("e-commerce", 0.07, 4), ("pharmaceuticals", 0.06, 1), ("building materials", 0.05, 5),
)  # fmt: skip

_FIRST = (
    "Huaxin", "Jinyuan", "Dongfang Star", "Longteng", "Ruifeng", "Haichuan", "Xinghe", "Baoda", "Mingyue",
    "Tianhe", "Yongan", "Fuyu", "Guangming", "Kangtai", "Lianhua", "Shunda", "Weiye", "Zhongrui", "Chunhui",
    "Hengli", "Jiahe", "Qifan", "Sanhe", "Taihua", "Wanli", "Yinhai", "Zhengda", "Anshun", "Boyuan", "Deli",
    "Fengshun", "Haoyu", "Jingwei", "Kaida", "Lihua", "Nanfang", "Puyuan", "Shengshi", "Tongda", "Yuanda",
)  # fmt: skip
_SECOND = {
    "electronics": "Electronics", "machinery": "Machinery", "clothing": "Garments", "food": "Foods",
    "automotive parts": "Auto Parts", "chemicals": "Chemical", "household goods": "Homeware",
    "e-commerce": "Trading", "pharmaceuticals": "Pharma", "building materials": "Building Materials",
}  # fmt: skip


def company_names(rng: np.random.Generator, city: Ints, industry: Ints) -> list[str]:
    """Fictional company names; a few with commas and quotation marks, as real files have."""
    first = rng.integers(0, len(_FIRST), len(city))
    style = rng.random(len(city))
    seen: dict[str, int] = {}
    names = []
    for c, i, f, s in zip(city, industry, first, style, strict=True):
        stem = f"{CITY_NAMES[c]} {_FIRST[f]} {_SECOND[INDUSTRIES[i][0]]}"
        if s < 0.03:
            name = f'{CITY_NAMES[c]} "{_FIRST[f]}" {_SECOND[INDUSTRIES[i][0]]} Co., Ltd.'
        elif s < 0.6:
            name = f"{stem} Co., Ltd."
        elif s < 0.8:
            name = f"{stem} Group"
        else:
            name = stem
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} No. {seen[name]}")
    return names
