// A plain table of prepared cells; a row that opens something is a button in its first cell, and a click anywhere on it.
function cellOf(column, cell, row, open) {
  const node = element("td", [column.right ? "right" : "", column.wrap ? "wrap" : "", cell.tone === "neutral" ? "" : cell.tone, cell.strong ? "strong" : ""].filter(Boolean).join(" "))
  if (cell.title) node.title = cell.title
  // The column that takes what is left is cut short rather than pushing others out of sight.
  if (column.width === "100%") node.classList.add("rest")
  if (cell.shade !== null) {
    node.classList.add("shaded")
    node.style.setProperty("--shade", cell.shade.toFixed(3))
  }
  if (cell.open || (column.first && row.open)) {
    const button = element("button", "", cell.text)
    button.dataset.code = cell.open || row.key
    const said = cell.open ? cell.title : row.alt
    if (said) button.setAttribute("aria-label", said)
    node.append(button)
    if (cell.unit) node.append(element("span", "unit", cell.unit))
    if (cell.open) {
      node.classList.add("opens")
      node.onclick = (event) => {
        event.stopPropagation()
        open(cell.open)
      }
    }
    return node
  }
  const direction = SHAPES[String(cell.direction)]
  if (direction) node.append(element("span", "shape", direction))
  if (cell.text !== "") node.append(cell.text)
  if (cell.unit) node.append(element("span", "unit", cell.unit))
  if (cell.bar !== null) node.append(barOf(cell))
  if (cell.interval !== null) node.append(intervalOf(cell))
  if (cell.bar !== null || cell.interval !== null) node.classList.add("picture")
  return node
}

const at = (share) => `${(share * 100).toFixed(2)}%`

function barOf(cell) {
  const track = element("div", "track")
  const bar = element("div", `bar ${cell.tone}`)
  bar.style.width = at(cell.bar)
  track.append(bar)
  if (cell.mark !== null) track.append(markOf(cell.mark))
  return track
}

function intervalOf(cell) {
  const [low, point, high] = cell.interval
  const axis = element("div", `axis ${cell.tone}`)
  const range = element("div", "range")
  range.style.left = at(low)
  range.style.width = at(high - low)
  const dot = element("div", "point")
  dot.style.left = at(point)
  if (cell.mark !== null) axis.append(markOf(cell.mark))
  axis.append(range, dot)
  return axis
}

function markOf(share) {
  const mark = element("div", "mark")
  mark.style.left = at(share)
  return mark
}

function tableOf(data, open) {
  const node = element("table", data.density)
  node.setAttribute("aria-label", data.label)
  const head = element("tr")
  for (const column of data.columns) {
    const title = element("th", column.right ? "right" : "", column.label)
    title.scope = "col"
    if (column.width) title.style.width = column.width
    head.append(title)
  }
  const top = element("thead")
  top.append(head)
  const body = element("tbody")
  for (const row of data.rows) {
    const line = element("tr", [row.open ? "open" : "", row.selected ? "selected" : "", row.quiet ? "quiet" : ""].filter(Boolean).join(" "))
    if (row.selected) line.setAttribute("aria-current", "true")
    line.append(...data.columns.map((column, index) => cellOf({ ...column, first: index === 0 }, row.cells[index], row, open)))
    if (row.open) line.onclick = () => open(row.key)
    body.append(line)
  }
  node.append(top, body)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const before = root.querySelector(".scroll")?.scrollTop
    const scroll = element("div", "scroll")
    if (data.height) scroll.style[data.fixed ? "height" : "maxHeight"] = `${data.height}rem`
    scroll.append(data.rows.length ? tableOf(data, open) : element("div", "empty", data.empty))
    root.replaceChildren(scroll)
    if (data.foot) root.append(element("div", "foot", data.foot))
    // A long list stays where it was; opened by a link it shows the selected row.
    const chosen = scroll.querySelector("tr.selected")
    if (before !== undefined) scroll.scrollTop = before
    else if (chosen && data.height) scroll.scrollTop = Math.max(0, chosen.offsetTop - scroll.clientHeight / 3)
  })
}
