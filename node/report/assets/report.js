"use strict";
// The page is complete without this: it only filters the history by a word.
(() => {
  const field = document.getElementById("history-filter");
  const table = document.getElementById("history-table");
  const count = document.getElementById("history-count");
  if (!field || !table || !count) return;
  const rows = Array.from(table.tBodies[0].rows);
  const show = () => {
    const word = field.value.trim().toLowerCase();
    let left = 0;
    for (const row of rows) {
      row.hidden = word !== "" && !row.textContent.toLowerCase().includes(word);
      if (!row.hidden) left += 1;
    }
    count.textContent = `${left} of ${rows.length} rows`;
  };
  field.closest(".filter").hidden = false;
  field.addEventListener("input", show);
  show();
})();
