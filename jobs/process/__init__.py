"""How a command lives in its process: what it may say, what may stop it, what it may use, and what nobody foresaw."""
