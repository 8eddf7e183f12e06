// The legend of a sequential scale: a swatch and its range per class, then whatever words follow.
function legendOf(classes, words) {
  const row = element("div", "legend")
  for (const item of classes) {
    const pair = element("span")
    pair.append(element("i", `k${item.shade}`), item.text)
    row.append(pair)
  }
  for (const text of words) if (text) row.append(element("span", "", text))
  return row
}
