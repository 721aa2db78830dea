// Sets the colour scheme before the first paint. A file of its own, since no inline script may run.
(() => {
  let wanted = null;
  try {
    wanted = localStorage.getItem("teppan-color-scheme");
  } catch {
    // Storage may be forbidden: the system's preference is used.
  }
  const isDark =
    wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", isDark ? "dark" : "light");
})();
