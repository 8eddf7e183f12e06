// Shares against their targets.
const share = (value) => `${(value * 100).toFixed(2)}%`

function picture(row) {
  const box = element("div", `axis ${row.tone === "neutral" ? "muted" : row.tone}`)
  if (row.aim !== null) {
    const aim = element("div", "aim")
    aim.style.left = share(row.aim)
    box.append(aim)
  }
  if (row.low !== null && row.high !== null) {
    const range = element("div", "range")
    range.style.left = share(row.low)
    range.style.width = share(row.high - row.low)
    box.append(range)
  }
  if (row.at !== null) {
    const point = element("div", row.sign === "○" ? "point hollow" : row.sign === "◐" ? "point half" : "point")
    point.style.left = share(row.at)
    box.append(point)
  }
  return box
}

function cellsOf(row, data) {
  const name = element("td")
  const button = element("button", "", row.name)
  button.dataset.code = row.code
  button.setAttribute("aria-label", row.alt)
  name.append(button)
  const value = element("td", "right value", row.value)
  value.title = row.title
  if (row.percent) value.append(element("span", "sign", "%"))
  const axis = element("td", "picture")
  axis.append(picture(row))
  const cells = [name, value, axis, element("td", "right muted", row.parts)]
  if (data.gap) {
    const gap = element("td", `right gap ${row.tone}`)
    if (row.gap) gap.append(element("span", "shape", row.sign), row.gap)
    cells.push(gap)
  }
  if (data.weakest) {
    const weakest = element("td")
    if (row.weakest) weakest.append(row.weakest.label, element("span", "muted after", row.weakest.share))
    cells.push(weakest)
  }
  return cells
}

function scaleOf(data) {
  const box = element("div", "scale")
  for (const tick of data.ticks) {
    const mark = element("span", "", tick.text)
    mark.style.left = share(tick.at)
    box.append(mark)
  }
  return box
}

function targetsOf(data, open) {
  const node = element("table")
  node.setAttribute("aria-label", data.label)
  const head = element("tr")
  data.head.forEach((label, index) => {
    const right = index === 1 || index === 3 || (data.gap && index === 4)
    const title = element("th", right ? "right" : index === 2 ? "picture" : "", label)
    title.scope = "col"
    if (index === 2) title.append(scaleOf(data))
    head.append(title)
  })
  const top = element("thead")
  top.append(head)
  const body = element("tbody")
  for (const row of data.rows) {
    const line = element("tr", [row.quiet ? "quiet" : "", row.code === data.selected ? "selected" : ""].filter(Boolean).join(" "))
    if (row.code === data.selected) line.setAttribute("aria-current", "true")
    line.append(...cellsOf(row, data))
    line.onclick = () => open(row.code)
    body.append(line)
  }
  node.append(top, body)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const scroll = element("div", "scroll")
    if (data.height) scroll.style.maxHeight = data.height
    scroll.append(data.rows.length ? targetsOf(data, open) : element("div", "empty", data.empty))
    root.replaceChildren(scroll)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
