// Short messages in the corner; they come after the first paint.
import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";

const SUCCESS_MILLISECONDS = 4_000;

export default function Toasts() {
  return <Notifications position="bottom-right" limit={3} autoClose={SUCCESS_MILLISECONDS} />;
}
