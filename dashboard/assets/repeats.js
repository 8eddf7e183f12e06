// First or repeated: a bar per group.
function barOf(row, mean) {
  const track = element("div", "track")
  const at = (share) => `${(share * 100).toFixed(2)}%`
  if (row.share === null) return track
  const part = element("div", "part")
  part.style.width = at(row.share)
  const range = element("div", "range")
  range.style.left = at(row.low)
  range.style.width = at(row.high - row.low)
  track.append(element("div", "whole"), part, range)
  if (mean !== null) {
    const line = element("div", "mean")
    line.style.left = at(mean)
    track.append(line)
  }
  return track
}

// What the two colours of a bar are, over the bars.
function legendOf(words) {
  const node = element("div", "legend")
  for (const [place, word] of words.entries()) {
    const item = element("span", "", word)
    item.prepend(element("i", place === 0 ? "part" : "whole"))
    node.append(item)
  }
  return node
}

function nameOf(row) {
  const node = element("td")
  if (!row.open) {
    node.textContent = row.name
    return node
  }
  const button = element("button", "", row.name)
  button.dataset.code = row.code
  button.setAttribute("aria-label", row.title)
  node.append(button)
  return node
}

function lineOf(row, data, open) {
  const line = element("tr", ["open", "selected", "quiet"].filter((name) => row[name]).join(" "))
  line.title = row.title
  const value = element("td", "right value", row.value)
  if (row.share !== null) value.append(element("span", "sign", "%"))
  const picture = element("td", "picture")
  picture.append(barOf(row, data.mean))
  line.append(nameOf(row), value, picture, element("td", "right muted", row.parts), element("td", "right", row.often))
  if (row.open) line.onclick = () => open(row.code)
  return line
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    if (!data.rows.length) {
      root.replaceChildren(element("div", "empty", data.empty))
      return
    }
    const table = element("table")
    table.setAttribute("aria-label", data.label)
    const head = element("tr")
    data.columns.forEach((text, place) => {
      const node = element("th", place === 0 || place === 2 ? "" : "right", text)
      node.scope = "col"
      if (place === 2) node.append(legendOf(data.legend))
      head.append(node)
    })
    const top = element("thead")
    top.append(head)
    const body = element("tbody")
    body.append(...data.rows.map((row) => lineOf(row, data, open)))
    table.append(top, body)
    root.replaceChildren(table)
    if (data.foot) root.append(element("div", "foot", data.foot))
  })
}
