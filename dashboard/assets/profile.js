// One line per metric: the region against its peers.
function strip(line) {
  const box = element("div", `strip ${line.tone}`)
  const at = (share) => `${(share * 100).toFixed(2)}%`
  const add = (className, share, title) => {
    if (share === null) return
    const mark = element("i", className)
    mark.style.left = at(share)
    if (title) mark.title = title
    box.append(mark)
  }
  for (const peer of line.peers) add("peer", peer.at, peer.title)
  add("mean", line.mean, line.mean_title)
  add("own", line.at, line.title)
  return box
}

function changesOf(line) {
  const node = element("td", "changes")
  for (const item of line.changes) {
    const pair = element("span", "pair")
    pair.title = item.detail
    pair.append(element("span", "muted", item.label))
    const figure = element("span", item.tone === "neutral" ? "" : item.tone)
    const direction = SHAPES[String(item.direction)]
    if (direction) figure.append(element("span", "shape", direction))
    figure.append(item.text)
    pair.append(figure)
    node.append(pair)
  }
  return node
}

function row(line, data, open) {
  const node = element("tr", line.key === data.selected ? "selected" : "")
  if (line.key === data.selected) node.setAttribute("aria-current", "true")
  const name = element("td")
  const button = element("button", "", line.label)
  button.dataset.code = line.key
  button.setAttribute("aria-label", line.alt)
  name.append(button)
  const value = element("td", line.plain ? "value" : "value word", line.value)
  value.title = line.title
  if (line.unit) value.append(element("span", "unit", line.unit))
  const picture = element("td", "picture")
  picture.append(strip(line))
  node.append(name, value, picture, element("td", "place", line.place), element("td", `verdict ${line.tone === "neutral" ? "muted" : line.tone}`, line.verdict), changesOf(line))
  node.onclick = () => open(line.key)
  return node
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    const table = element("table", data.placed ? "" : "unplaced")
    table.setAttribute("aria-label", data.label)
    const head = element("tr")
    for (const [label, right] of [["指标", false], ["本地", true], [`在${data.group}中的位置`, false], ["位次", true], ["判断", false], ["变化", false]]) {
      const title = element("th", right ? "right" : "", label)
      title.scope = "col"
      head.append(title)
    }
    const top = element("thead")
    top.append(head)
    const body = element("tbody")
    body.append(...data.lines.map((line) => row(line, data, open)))
    table.append(top, body)
    const scroll = element("div", "scroll")
    scroll.append(table)
    root.replaceChildren(scroll, element("div", "foot", data.foot))
  })
}
