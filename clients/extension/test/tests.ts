import "./diff";
import "./sites";
import "./verdict";
