// The league table.
function spark(values, tone) {
  const drawn = sparkPath(values, 100, 4, 20)
  if (drawn === null) return null
  const svg = shape("svg", { viewBox: "-2 0 104 24", preserveAspectRatio: "none", "aria-hidden": "true" })
  svg.append(shape("path", tone === "neutral" ? { d: drawn.path } : { d: drawn.path, class: tone }))
  return svg
}

function axis(row, data) {
  const box = element("div", "track")
  const at = (share) => `${(share * 100).toFixed(2)}%`
  if (data.mean !== null) {
    const mean = element("div", "mean")
    mean.style.left = at(data.mean)
    box.append(mean)
  }
  if (row.low !== null && row.high !== null) {
    const range = element("div", "range")
    range.style.left = at(row.low)
    range.style.width = at(row.high - row.low)
    const point = element("div", "point")
    point.style.left = at(row.at)
    box.className = `track ${row.tone === "neutral" ? "muted" : row.tone}`
    box.append(range, point)
  } else if (row.at !== null) {
    const bar = element("div", "bar")
    bar.style.width = at(row.at)
    box.append(bar)
  }
  return box
}

function change(node, item) {
  if (!item) return
  node.title = item.detail
  if (item.tone && item.tone !== "neutral") node.classList.add(item.tone)
  const direction = SHAPES[String(item.direction)]
  if (direction) node.append(element("span", "shape", direction))
  node.append(item.text)
}

function place(row) {
  if (!row.open) return row.name
  const button = element("button", "", row.name)
  button.setAttribute("aria-label", row.alt)
  button.dataset.code = row.code
  return button
}

const CELLS = {
  rank: (node, row) => node.append(element("span", "rank", row.rank)),
  name: (node, row) => {
    node.title = row.name
    node.append(place(row))
  },
  value: (node, row) => {
    node.title = [row.exact, row.parts].filter(Boolean).join("　")
    node.append(row.value)
    if (row.sign) node.append(element("span", "sign", row.sign))
  },
  axis: (node, row, data) => {
    node.title = row.range
    node.append(axis(row, data))
  },
  n: (node, row) => {
    node.classList.add("muted")
    node.textContent = row.n
    node.title = row.parts
  },
  spark: (node, row) => {
    const picture = spark(row.spark, row.tone)
    if (picture) node.append(picture)
  },
  move: (node, row) => {
    change(node, row.move)
    if (row.move?.doubt) node.classList.add("doubt")
  },
  previous: (node, row) => change(node, row.changes.previous),
  year_ago: (node, row) => change(node, row.changes.year_ago),
}

function cell(column, row, data) {
  const node = element("td", column.right ? `${column.key} right` : column.key)
  CELLS[column.key](node, row, data)
  return node
}

function line(row, data, open) {
  const classes = [row.open ? "open" : "", row.code === data.selected ? "selected" : "", row.quiet ? "quiet" : ""]
  const node = element("tr", classes.filter(Boolean).join(" "))
  if (row.code === data.selected) node.setAttribute("aria-current", "true")
  node.append(...data.columns.map((column) => cell(column, row, data)))
  if (row.open) node.onclick = () => open(row.code)
  return node
}

function table(data, open) {
  const node = element("table", data.mean === null ? "plain" : "")
  node.style.setProperty("--widest", Math.max(data.widest, 3))
  node.setAttribute("aria-label", data.label)
  const head = element("tr")
  for (const column of data.columns) {
    const title = element("th", column.right ? `${column.key} right` : column.key, column.label)
    title.scope = "col"
    head.append(title)
  }
  const top = element("thead")
  top.append(head)
  const body = element("tbody")
  body.append(...data.rows.map((row) => line(row, data, open)))
  node.append(top, body)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    root.className = "root league"
    const scroll = element("div", "scroll")
    scroll.append(data.rows.length ? table(data, open) : element("div", "empty", data.empty))
    root.replaceChildren(scroll)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
