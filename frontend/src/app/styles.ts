// Every style sheet that is not a component's own.
import "./mantine.css";
import "@mantine/notifications/styles.css";
import "./global.css";
