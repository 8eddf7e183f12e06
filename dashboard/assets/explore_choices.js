// A list of boxes to tick, by family; what was typed and how far it was scrolled outlives a new drawing.
const views = new WeakMap()

function chips(data, open) {
  const row = element("div", "chips")
  for (const item of data.chosen) {
    const chip = element("span", "chip", item.label)
    if (!item.fixed) {
      const drop = element("button", "drop", "✕")
      drop.type = "button"
      drop.dataset.code = `drop:${item.key}`
      drop.setAttribute("aria-label", `去掉${item.label}`)
      drop.onclick = () => open(item.key)
      chip.append(drop)
    }
    row.append(chip)
  }
  return row
}

function optionOf(item, open) {
  const line = element("label", item.refused ? "option refused" : "option")
  line.title = item.refused || item.title
  const box = element("input")
  box.type = "checkbox"
  box.checked = item.chosen
  box.disabled = Boolean(item.refused)
  box.dataset.code = item.key
  box.onchange = () => open(item.key)
  line.append(box, element("span", "name", item.label), element("span", "hint", item.refused || item.hint))
  return line
}

function listOf(data, word, open) {
  const list = element("div", "list")
  list.setAttribute("role", "group")
  list.setAttribute("aria-label", data.label)
  for (const family of data.families) {
    const fitting = family.options.filter((item) => `${family.name}${item.label}${item.key}`.toLowerCase().includes(word))
    if (!fitting.length) continue
    if (family.name) list.append(element("div", "family", family.name))
    list.append(...fitting.map((item) => optionOf(item, open)))
  }
  if (!list.childElementCount) list.append(element("div", "hint", "没有相符的，请换一个词"))
  return list
}

function paint(root, data, open) {
  const view = views.get(root) ?? { open: false, word: "", top: 0 }
  views.set(root, view)
  const again = (code) => {
    paint(root, data, open)
    root.querySelector(`[data-code="${code}"]`)?.focus()
  }
  const toggle = element("button", "toggle", view.open ? "收起" : data.add)
  toggle.type = "button"
  toggle.dataset.code = "toggle:"
  toggle.setAttribute("aria-expanded", String(view.open))
  toggle.onclick = () => {
    view.open = !view.open
    again(view.open && data.search ? "search:" : "toggle:")
  }
  const row = chips(data, open)
  row.append(toggle)
  root.replaceChildren(row)
  if (view.open) {
    const box = element("div", "box")
    let list = listOf(data, view.word, open)
    const follow = () => { list.onscroll = () => { view.top = list.scrollTop } }
    if (data.search) {
      const field = element("input", "search")
      field.type = "search"
      field.placeholder = data.search
      field.setAttribute("aria-label", data.search)
      field.dataset.code = "search:"
      field.value = view.word
      field.oninput = () => {
        view.word = field.value.trim().toLowerCase()
        const next = listOf(data, view.word, open)
        list.replaceWith(next)
        list = next
        follow()
      }
      box.append(field)
    }
    box.append(list)
    root.append(box)
    list.scrollTop = view.top
    follow()
    root.onkeydown = (event) => {
      if (event.key !== "Escape") return
      view.open = false
      again("toggle:")
    }
  } else root.onkeydown = null
  if (data.note) root.append(element("div", "note", data.note))
}

export default function (component) {
  redrawn(component, paint)
}
