"""One file per message. They import nothing of ours."""
