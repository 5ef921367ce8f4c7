"""Facts and prices to the browsers: typed messages, the socket.io server, what is sent when."""
