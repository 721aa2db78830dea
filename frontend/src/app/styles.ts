// Every style sheet that is not a component's own.
import "./mantine.css";
import "./global.css";
