"""Pages for people: rendered on the server, without JavaScript. Read frame, visit, then sign_in and me."""
