// The nonce that the server put into the page, for the style elements that libraries create.
import { setNonce } from "get-nonce";

/** Returns the nonce of this page load. */
export function readCspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}

/** Tells the scroll lock of dialogs its nonce. */
export function passOnCspNonce(): void {
  setNonce(readCspNonce());
}
