"""What `HerokuMessages` is made of."""
