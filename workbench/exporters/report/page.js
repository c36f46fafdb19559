// Filters the rows of a table, or other items, by words; without this script everything is simply shown.
for (const label of document.querySelectorAll("label[data-filters]")) {
  const items = [...document.querySelectorAll(label.dataset.filters)];
  const input = label.querySelector("input");
  const said = label.querySelector("output");
  label.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      left += item.hidden ? 0 : 1;
    }
    said.textContent = words.length ? `${left} of ${items.length}` : "";
  });
}
