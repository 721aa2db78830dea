// Keeps a growing list at its newest row until its reader scrolls up.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Scroll positions are fractions on some screens. */
const NEARLY = 2;

export interface Following {
  isOn: boolean;
  turn: (on: boolean) => void;
}

/** Sticks to the end of the scroller whenever `count` changes; scrolling up lets go, the end takes hold. */
export function useFollow(scroller: RefObject<HTMLElement | null>, count: number): Following {
  const [isOn, turn] = useState(true);
  const top = useRef(0);
  const stick = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    top.current = element.scrollTop;
  }, [scroller]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new count is the reason to scroll
  useLayoutEffect(() => {
    if (isOn) stick();
  }, [isOn, count, stick]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      const room = element.scrollHeight - element.clientHeight;
      const isUpward = element.scrollTop < top.current - NEARLY;
      top.current = element.scrollTop;
      if (room <= NEARLY) return;
      // A list that became shorter scrolls by itself, to its end.
      if (element.scrollTop >= room - NEARLY) turn(true);
      else if (isUpward) turn(false);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, [scroller]);
  return { isOn, turn };
}
