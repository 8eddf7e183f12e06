// Reports the text factor, the window's width in design pixels, the theme and the font, when they differ from what the server knows.
const watched = new WeakMap()
// The few words of Streamlit's own frame that no setting translates; they are read aloud or shown on keyboard focus.
const WORDS = {
  "Skip to main content": "跳到正文",
  Sidebar: "导航",
  "Collapse sidebar": "收起导航",
  "Expand sidebar": "展开导航",
  Open: "展开",
}

function speakChinese() {
  document.documentElement.lang = "zh-CN"
  const skip = document.querySelector('[data-testid="stSkipToContent"]')
  if (skip && WORDS[skip.textContent]) skip.textContent = WORDS[skip.textContent]
  for (const node of document.querySelectorAll("[aria-label]")) {
    const words = WORDS[node.getAttribute("aria-label")]
    if (words) node.setAttribute("aria-label", words)
  }
}

// Two signs that look alike are boxes: the system has no Chinese font. The bundled one is then loaded for the canvases too.
const SYSTEM_FONTS = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif'
let font = null

function picture(sign) {
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = 40
  const pen = canvas.getContext("2d")
  pen.font = `32px ${SYSTEM_FONTS}`
  pen.fillText(sign, 2, 34)
  return canvas.toDataURL()
}

function chooseFont(then) {
  if (font !== null) return
  font = "system"
  if (picture("研") !== picture("判")) return
  const faces = ["400 16px", "700 16px"].map((face) => document.fonts.load(`${face} "Yanpan Sans"`, "研判"))
  Promise.all(faces).then(() => {
    font = "own"
    then()
  }, () => {})
}

// A popover's content stands at the end of the page: opened by key, the focus goes there, and back when Escape closes it.
function followPopovers() {
  if (window.yanpanPopovers) return
  window.yanpanPopovers = true
  let opener = null
  const body = () => document.querySelector('[data-testid="stPopoverBody"]')
  document.addEventListener("keydown", (event) => {
    const button = event.target.closest?.('[data-testid="stPopover"] button')
    if (button && !body() && (event.key === "Enter" || event.key === " ")) {
      opener = button
      setTimeout(() => body()?.querySelector("a[href], input, button, [tabindex='0']")?.focus(), 250)
    } else if (event.key === "Escape" && opener && body()?.contains(event.target)) {
      setTimeout(() => { if (!body()) opener.focus() }, 100)
    }
  }, true)
}

function measure(host) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16
  const factor = rem / 16
  const scheme = getComputedStyle(document.querySelector(".stApp") ?? host).colorScheme
  const width = Math.floor(window.innerWidth / factor / 40) * 40
  return `${factor.toFixed(2)};${width};${scheme.includes("dark") ? "dark" : "light"};${font ?? "system"}`
}

export default function (component) {
  const { parentElement, data, setStateValue } = component
  const host = parentElement.host ?? parentElement
  const report = () => {
    const now = measure(host)
    const entry = watched.get(parentElement)
    if (now !== entry.said) {
      entry.said = now
      entry.send("screen", now)
    }
  }
  if (!watched.has(parentElement)) {
    let timer
    const later = () => {
      clearTimeout(timer)
      timer = setTimeout(report, 200)
    }
    window.addEventListener("resize", later)
    watched.set(parentElement, { later, said: data.said })
  }
  const entry = watched.get(parentElement)
  entry.send = setStateValue
  entry.said = data.said
  setTimeout(report, 60)
  chooseFont(report)
  setTimeout(speakChinese, 300)
  followPopovers()
  return () => window.removeEventListener("resize", entry.later)
}
