// Cards of headline figures.
function spark(card) {
  const line = sparkPath(card.spark, 100, 5, 33, card.band)
  if (line === null) return null
  const svg = shape("svg", { class: "spark", viewBox: "0 0 100 36", preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true" })
  if (line.area) svg.append(shape("path", { class: "band", d: line.area }))
  svg.append(shape("path", { class: "line", d: line.path }))
  if (line.end !== null) svg.append(shape("circle", { class: card.badge_tone, cx: "100", cy: line.end.toFixed(2), r: "3" }))
  return svg
}

function explanation(card) {
  const details = element("details")
  const summary = element("summary", "", "ⓘ")
  summary.setAttribute("aria-label", `${card.label}的口径`)
  const words = element("div", "words")
  words.append(element("p", "", `口径：${card.definition}`))
  if (card.caution) words.append(element("p", "", `注意：${card.caution}`))
  details.append(summary, words)
  details.name = "explanation"
  // It closes when the reader turns elsewhere, but not when he marks a word in it.
  words.tabIndex = -1
  details.onfocusout = (event) => {
    if (!details.contains(event.relatedTarget)) details.open = false
  }
  details.onkeydown = (event) => {
    if (event.key === "Escape") details.open = false
  }
  return details
}

function title(card, open) {
  if (!card.href) {
    const plain = element("span", "title", card.label)
    plain.title = card.label
    return plain
  }
  const link = element("a", "title", card.label)
  link.title = card.label
  link.href = /^(\/|\?|[a-z_]+(\?|$))/.test(card.href) ? card.href : "#"
  link.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    open(card.key)
  }
  return link
}

function changes(card) {
  const row = element("div", "changes")
  for (const item of card.changes) {
    const pair = element("span")
    pair.title = item.detail
    pair.append(element("span", "label", item.label))
    const figure = element("span", item.tone === "neutral" ? "" : item.tone)
    const direction = SHAPES[String(item.direction)]
    if (direction) figure.append(element("span", "shape", direction))
    figure.append(item.text)
    pair.append(figure)
    row.append(pair)
  }
  return row
}

function draw(card, open) {
  const box = element("section", "card")
  box.setAttribute("aria-label", card.alt)
  box.dataset.metric = card.key
  const top = element("div", "top")
  top.append(title(card, open))
  const badge = card.badge || card.state_label
  if (badge) {
    const mark = element("span", `badge ${card.badge ? card.badge_tone : ""}`)
    if (card.badge_sign) mark.append(element("span", "shape", card.badge_sign))
    mark.append(badge)
    top.append(mark)
  }
  if (card.definition) top.append(explanation(card))
  const middle = element("div", "middle")
  const value = element("div", `value${card.hidden ? " word" : ""}${card.state === "small_n" ? " doubt" : ""}`, card.value)
  if (card.exact) value.title = card.exact
  if (card.unit) value.append(element("span", "unit", card.unit))
  middle.append(value)
  const aside = element("div", "aside")
  const picture = spark(card)
  if (picture) aside.append(picture)
  if (card.note) aside.append(element("div", "note", card.note))
  if (card.limit) aside.append(element("div", "note", card.limit))
  middle.append(aside)
  box.append(top, middle, changes(card))
  return box
}

export default function (component) {
  redrawn(component, (root, data, open) => {
    root.className = "root cards"
    root.setAttribute("role", "group")
    root.setAttribute("aria-label", data.label)
    const half = Math.ceil(data.cards.length / 2)
    root.style.setProperty("--whole", data.cards.length > 6 ? half : Math.max(data.cards.length, 1))
    root.style.setProperty("--half", data.cards.length > 4 ? half : Math.max(data.cards.length, 1))
    root.replaceChildren(...data.cards.map((card) => draw(card, open)))
  })
}
