// 要情: one line a finding; a line that leads somewhere is a link in its first row, and a click anywhere on it.
function entry(item, open) {
  const node = element("li", item.href ? "open" : "")
  const mark = element("span", `mark ${item.tone}`, item.mark)
  mark.setAttribute("aria-hidden", "true")
  const words = element("div", "words")
  if (item.href) {
    const link = element("a", "text", item.text)
    link.href = /^[a-z_]+\?/.test(item.href) ? item.href : "#"
    link.dataset.code = item.key
    link.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
      event.preventDefault()
      event.stopPropagation()
      open(item.key)
    }
    node.onclick = () => open(item.key)
    words.append(link)
  } else words.append(element("div", "text", item.text))
  if (item.detail) {
    const detail = element("div", "detail", item.detail)
    detail.title = item.detail
    words.append(detail)
  }
  node.append(mark, words)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const list = element("ul")
    list.setAttribute("aria-label", data.label)
    list.append(...data.lines.map((item) => entry(item, open)))
    root.replaceChildren(list)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
