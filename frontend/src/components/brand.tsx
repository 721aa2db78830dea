// The wordmark: a hot plate seen from the side, with one post that is being cooked right now.
import classes from "./brand.module.css";

export function Glyph({ size = 24 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      aria-hidden="true"
      className={classes.glyph}
    >
      <rect width="32" height="32" rx="7" className={classes.plate} />
      <path d="M6 20.5h20" className={classes.edge} strokeWidth="3" />
      <path d="M9 25.5h14" className={classes.edge} strokeWidth="2.4" opacity=".45" />
      <circle cx="10.5" cy="13.5" r="2.6" className={classes.item} />
      <circle cx="17" cy="9" r="2.6" className={classes.hot} />
      <circle cx="22.5" cy="14" r="2.6" className={classes.item} />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className={classes.wordmark}>
      <Glyph />
      Teppan
    </span>
  );
}
