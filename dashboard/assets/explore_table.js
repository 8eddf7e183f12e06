// One page of a long table. Sorting, search and turning are asked of the server; nothing more than this page is here.
const ORDERS = { "1": "ascending", "-1": "descending", "0": "none" }

function headOf(head, open) {
  const node = element("th", head.right ? "right" : "")
  node.scope = "col"
  if (head.title) node.title = head.title
  if (head.key) {
    node.setAttribute("aria-sort", ORDERS[String(head.sorted)])
    const button = element("button", head.sorted ? "sorted" : "", head.label)
    button.type = "button"
    button.dataset.code = `sort:${head.key}`
    // Figures begin with the greatest, words and days with the first.
    const next = head.sorted === -1 || (head.sorted === 0 && !head.right) ? head.key : `-${head.key}`
    button.onclick = () => open(`sort:${next}`)
    button.append(element("span", "mark", SHAPES[String(head.sorted)] ?? ""))
    node.append(button)
  } else node.append(head.label)
  if (head.unit) node.append(element("span", "unit", head.unit))
  return node
}

function cellOf(head, cell, open) {
  const node = element("td", [head.right ? "right" : "", cell.tone ?? ""].filter(Boolean).join(" "))
  if (cell.title) node.title = cell.title
  // Beside figures a note stands before them, so that they stay one below the other.
  if (cell.note && head.right) node.append(element("span", "note before", cell.note))
  const direction = SHAPES[String(cell.direction ?? 0)]
  if (direction) node.append(element("span", "shape", direction))
  if (cell.code) {
    const button = element("button", "", cell.text)
    button.type = "button"
    button.dataset.code = `open:${cell.code}`
    button.onclick = () => open(`open:${cell.code}`)
    node.append(button)
  } else node.append(cell.text)
  if (cell.note && !head.right) node.append(element("span", "note", cell.note))
  return node
}

function tableOf(data, open) {
  const node = element("table")
  node.setAttribute("aria-label", data.label)
  const line = element("tr")
  line.append(...data.heads.map((head) => headOf(head, open)))
  const top = element("thead")
  top.append(line)
  const body = element("tbody")
  for (const row of data.rows) {
    const tr = element("tr")
    tr.append(...data.heads.map((head, index) => cellOf(head, row[index], open)))
    body.append(tr)
  }
  node.append(top, body)
  return node
}

function searchOf(data, open) {
  const field = element("input", "search")
  field.type = "search"
  field.placeholder = "在表中检索，回车"
  field.title = "区划、分类的名称或代码，日期；几个词都要有"
  field.setAttribute("aria-label", "在表中检索，回车确认")
  field.maxLength = 40
  field.value = data.find
  field.dataset.code = "find:"
  field.onchange = () => { if (field.value.trim() !== data.find) open(`find:${field.value}`) }
  return field
}

function turnerOf(data, open) {
  const box = element("span", "turner")
  const step = (text, words, page) => {
    const button = element("button", "turn", text)
    button.type = "button"
    button.dataset.code = `page:${words}`
    button.setAttribute("aria-label", words)
    button.title = words
    button.disabled = page < 1 || page > data.pages || page === data.page
    button.onclick = () => open(`page:${page}`)
    return button
  }
  const field = element("input", "number")
  field.type = "text"
  field.inputMode = "numeric"
  field.value = data.page
  field.setAttribute("aria-label", "页码，回车跳转")
  field.dataset.code = "page:number"
  field.onchange = () => {
    const page = Math.min(Math.max(Number.parseInt(field.value, 10) || data.page, 1), data.pages)
    field.value = page
    if (page !== data.page) open(`page:${page}`)
  }
  box.append(step("«", "第一页", 1), step("‹", "上一页", data.page - 1), "第", field, `/ ${data.pages.toLocaleString("en")} 页`,
    step("›", "下一页", data.page + 1), step("»", "最后一页", data.pages))
  return box
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const left = root.querySelector(".scroll")?.scrollLeft ?? 0
    const top = element("div", "top")
    top.append(searchOf(data, open), element("span", "count", data.said))
    if (data.pages > 1) top.append(turnerOf(data, open))
    const scroll = element("div", "scroll")
    scroll.tabIndex = 0
    scroll.setAttribute("role", "region")
    scroll.setAttribute("aria-label", data.label)
    scroll.append(data.rows.length ? tableOf(data, open) : element("div", "empty", data.empty))
    root.replaceChildren(top, scroll)
    if (data.foot) root.append(element("div", "foot", data.foot))
    scroll.scrollLeft = left
  })
}
