"""What `ChatHerokuAgent` is made of."""
