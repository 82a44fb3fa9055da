"use strict";
(() => {
  const list = document.getElementById("reports");
  const rows = [...list.children];
  const find = document.getElementById("find");
  const sort = document.getElementById("sort");
  const shown = document.getElementById("shown");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const figure = (row, name) => {
    const found = [...row.querySelectorAll("data")].find((one) => one.dataset.figure === name);
    return found ? Number(found.value) : -Infinity;
  };
  const orders = {
    order: () => 0,
    title: (a, b) => a.dataset.title.localeCompare(b.dataset.title, document.documentElement.lang),
    status: (a, b) => a.dataset.trouble - b.dataset.trouble,
  };
  const arrange = () => {
    const by = sort.selectedOptions[0].dataset.figure;
    const compare = by === undefined ? orders[sort.value] : (a, b) => figure(b, by) - figure(a, by) || 0;
    list.append(...rows.toSorted(compare));
  };
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/);
    for (const row of rows) row.hidden = !words.every((word) => texts.get(row).includes(word));
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = shown.dataset.template.replace("{shown}", left).replace("{all}", rows.length);
  };
  find.addEventListener("input", filter);
  sort.addEventListener("change", arrange);
  document.getElementById("tools").hidden = false;
  // A browser that goes back fills in what was typed before.
  arrange();
  filter();
})();
