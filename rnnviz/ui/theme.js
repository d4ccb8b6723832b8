// Reports a change of Streamlit's theme to the server, so that the figures follow.

let reported = null;

function isDark(app) {
  const [red, green, blue] = getComputedStyle(app).backgroundColor.match(/[\d.]+/g).map(Number);
  return red + green + blue < 384;
}

export default function ({ data, setTriggerValue }) {
  const app = document.querySelector(".stApp");
  const report = () => {
    const dark = isDark(app);
    if (dark === data.dark || dark === reported) return;
    reported = dark;
    setTriggerValue("dark", dark);
  };
  if (isDark(app) === data.dark) reported = null;
  const watcher = new MutationObserver(report);
  watcher.observe(app, { attributes: true, attributeFilter: ["class"] });
  report();
  return () => watcher.disconnect();
}
