"use strict";
// Sorts the rows of a table's body when a heading is pressed; the foot (rest, leftovers, total) stays where it is.
document.querySelectorAll("table[data-sort]").forEach(function (table) {
  var body = table.tBodies[0], heads = table.tHead.rows[0].cells;
  var words = new Intl.Collator("en");
  function key(row, i) {
    var cell = row.cells[i];
    return cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v === "" ? null : Number(cell.dataset.v);
  }
  Array.prototype.forEach.call(heads, function (head, i) {
    if (head.dataset.plain !== undefined) return;
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent.trim();
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var numeric = head.classList.contains("r");
      var up = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "descending" : !numeric;
      Array.prototype.forEach.call(heads, function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      Array.from(body.rows).map(function (row, at) { return [key(row, i), at, row]; }).sort(function (a, b) {
        if (a[0] === null || b[0] === null) return (a[0] === null) - (b[0] === null) || a[1] - b[1];
        var order = typeof a[0] === "number" ? a[0] - b[0] : words.compare(a[0], b[0]);
        return (up ? order : -order) || a[1] - b[1];
      }).forEach(function (entry) { body.appendChild(entry[2]); });
    });
  });
});
