// Two dimensions against each other.
function pressed(node, item, text, open) {
  const button = element("button", "", text)
  button.dataset.code = item.code
  button.setAttribute("aria-pressed", String(item.selected))
  button.onclick = (event) => {
    event.stopPropagation()
    open(item.code)
  }
  node.append(button)
}

function figure(item, classes, open) {
  const node = element("td", [...classes, item.quiet ? "quiet" : "", item.word ? "word" : "", item.selected ? "selected" : ""].filter(Boolean).join(" "))
  node.title = item.title
  if (item.code && open) {
    node.classList.add("open")
    pressed(node, item, item.text, open)
    node.firstChild.setAttribute("aria-label", item.title)
    node.onclick = () => open(item.code)
  } else node.textContent = item.text
  return node
}

function header(item, className, scope, open) {
  const node = element("th", `${className} ${item.selected ? "selected" : ""}`.trim())
  node.scope = scope
  node.title = item.title ?? item.name
  if (item.code) pressed(node, item, item.name, open)
  else node.textContent = item.name
  return node
}

function topOf(data, open) {
  const head = element("tr")
  const corner = element("th", "corner", data.corner)
  corner.scope = "col"
  head.append(corner, ...data.columns.map((column) => header(column, "", "col", open)))
  head.append(element("th", "total", "合计"))
  if (data.with_shares) head.append(element("th", "share", "占比"))
  const top = element("thead")
  top.append(head)
  return top
}

function lineOf(row, data, open) {
  const line = element("tr", row.quiet ? "quiet" : "")
  line.append(header(row, "row", "row", open))
  line.append(...row.cells.map((cell) => figure(cell, [cell.shade < 0 ? "none" : `k${cell.shade}`], open)))
  line.append(figure(row.total, ["total"], null))
  if (data.with_shares) line.append(element("td", "share", row.share))
  return line
}

function sums(data) {
  const line = element("tr", "sum")
  line.append(element("th", "row", "合计"), ...data.totals.map((cell) => figure(cell, [], null)), figure(data.whole, ["total"], null))
  if (!data.with_shares) return [line]
  line.append(element("td", "share"))
  const shares = element("tr", "foot shares")
  shares.append(element("th", "row", "占比"), ...data.shares.map((text) => element("td", "", text)), element("td"), element("td"))
  return [line, shares]
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    if (!data.rows.length) {
      root.replaceChildren(element("div", "empty", data.empty))
      return
    }
    const table = element("table")
    table.setAttribute("aria-label", data.label)
    const body = element("tbody")
    body.append(...data.rows.map((row) => lineOf(row, data, open)), ...sums(data))
    table.append(topOf(data, open), body)
    root.replaceChildren(table, legendOf(data.legend, data.words))
  })
}
