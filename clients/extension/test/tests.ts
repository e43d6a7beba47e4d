import "./diff";
import "./sites";
import "./verdict";
import "./vigil";
