"""What the venue says and to whom: subscriptions, encodings, frames waiting for their sockets."""
