// A table with intervals on a common axis, bars to both sides of nothing, and plain cells; a row may open something.
const percent = (share) => `${(share * 100).toFixed(2)}%`

function placed(className, left, width) {
  const node = element("div", className)
  node.style.left = percent(left)
  if (width !== undefined) node.style.width = percent(width)
  return node
}

function picture(cell, column) {
  const box = element("div", `axis ${cell.tone && cell.tone !== "neutral" ? cell.tone : ""}`.trim())
  for (const tick of column.ticks) box.append(placed("tick", tick.at))
  if (column.mean !== null) box.append(placed("mean", column.mean))
  if (cell.at === null) return box
  if ("zero" in cell) {
    const from = Math.min(cell.at, cell.zero)
    box.append(placed("bar", from, Math.abs(cell.at - cell.zero)), placed("zero", cell.zero))
  } else {
    if (cell.low !== null && cell.high !== null) box.append(placed("range", cell.low, cell.high - cell.low))
    if (cell.before !== null) box.append(placed("before", cell.before))
    box.append(placed(cell.hollow ? "point hollow" : "point", cell.at))
  }
  return box
}

function written(node, cell) {
  if (cell.tone !== "neutral") node.classList.add(cell.tone)
  if (cell.strong) node.classList.add("strong")
  const direction = SHAPES[String(cell.direction)]
  if (direction) node.append(element("span", "shape", direction))
  if (cell.text !== "") node.append(cell.text)
  if (cell.unit) node.append(element("span", "unit", cell.unit))
}

function cellOf(cell, column, first, row) {
  const node = element("td", column.right ? "right" : "")
  if (cell.title) node.title = cell.title
  if (!("text" in cell)) {
    node.classList.add("picture")
    node.append(picture(cell, column))
    return node
  }
  if (first && row.open) {
    const button = element("button")
    button.dataset.code = row.key
    if (row.alt) button.setAttribute("aria-label", row.alt)
    written(button, cell)
    node.append(button)
  } else written(node, cell)
  return node
}

function headOf(column) {
  const node = element("th", [column.right ? "right" : "", column.ticks.length ? "picture" : ""].filter(Boolean).join(" "))
  node.scope = "col"
  if (column.width) node.style.width = column.width
  node.append(element("div", "", column.label))
  if (column.ticks.length) {
    const scale = element("div", "scale")
    for (const tick of column.ticks) {
      const word = placed("word", tick.at)
      word.textContent = tick.text
      scale.append(word)
    }
    node.append(scale)
  }
  return node
}

function tableOf(data, open) {
  const node = element("table", data.compact ? "compact" : "")
  node.setAttribute("aria-label", data.label)
  const head = element("tr")
  head.append(...data.columns.map(headOf))
  const top = element("thead")
  top.append(head)
  const body = element("tbody")
  for (const row of data.rows) {
    const line = element("tr", ["open", "selected", "total", "quiet"].filter((name) => row[name]).join(" "))
    if (row.selected) line.setAttribute("aria-current", "true")
    line.append(...row.cells.map((cell, index) => cellOf(cell, data.columns[index], index === 0, row)))
    if (row.open) line.onclick = () => open(row.key)
    body.append(line)
  }
  node.append(top, body)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const scroll = element("div", "scroll")
    if (data.height) scroll.style.maxHeight = `${data.height}rem`
    scroll.append(data.rows.length ? tableOf(data, open) : element("div", "empty", data.empty))
    root.replaceChildren(scroll)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
