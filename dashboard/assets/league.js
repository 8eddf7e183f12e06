// The league table.
function spark(values, tone) {
  const drawn = sparkPath(values, 100, 4, 20)
  if (drawn === null) return null
  const svg = shape("svg", { viewBox: "-2 0 104 24", preserveAspectRatio: "none", "aria-hidden": "true" })
  svg.append(shape("path", tone === "neutral" ? { d: drawn.path } : { d: drawn.path, class: tone }))
  return svg
}

function axis(row, data) {
  const box = element("div", "axis")
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
    box.className = `axis ${row.tone === "neutral" ? "muted" : row.tone}`
    box.append(range, point)
  } else if (row.at !== null) {
    const bar = element("div", "bar")
    bar.style.width = at(row.at)
    box.append(bar)
  }
  return box
}

function change(cell, item) {
  if (!item) return
  cell.title = item.detail
  if (item.tone !== "neutral") cell.classList.add(item.tone)
  const direction = SHAPES[String(item.direction)]
  if (direction) cell.append(element("span", "shape", direction))
  cell.append(item.text)
}

function cell(column, row, data, open) {
  const node = element("td", column.right ? "right" : "")
  if (column.key === "rank") node.append(element("span", "rank", row.rank))
  else if (column.key === "name") {
    if (row.open) {
      const button = element("button", "", row.name)
      button.setAttribute("aria-label", row.alt)
      button.dataset.code = row.code
      node.append(button)
    } else node.textContent = row.name
  } else if (column.key === "value") {
    node.classList.add("value")
    node.title = row.exact
    node.append(row.value)
    if (row.sign) node.append(element("span", "sign", row.sign))
  } else if (column.key === "axis") {
    node.className = "picture interval"
    node.append(axis(row, data))
  } else if (column.key === "spark") {
    node.className = "picture spark"
    const picture = spark(row.spark, row.tone)
    if (picture) node.append(picture)
  } else if (column.key === "n") {
    node.classList.add("muted")
    node.textContent = row.n
    node.title = row.parts
  } else change(node, row.changes[column.key])
  return node
}

function line(row, data, open) {
  const classes = [row.open ? "open" : "", row.code === data.selected ? "selected" : "", row.quiet ? "quiet" : ""]
  const node = element("tr", classes.filter(Boolean).join(" "))
  if (row.code === data.selected) node.setAttribute("aria-current", "true")
  node.append(...data.columns.map((column) => cell(column, row, data, open)))
  if (row.open) node.onclick = () => open(row.code)
  return node
}

function table(data, open) {
  const node = element("table")
  node.setAttribute("aria-label", data.label)
  const head = element("tr")
  for (const column of data.columns) {
    const title = element("th", [column.right ? "right" : "", column.picture ? "picture" : ""].join(" ").trim(), column.label)
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
