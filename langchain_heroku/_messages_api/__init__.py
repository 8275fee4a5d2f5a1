"""What `ChatHerokuMessages` is made of."""
