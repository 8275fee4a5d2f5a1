"""What `HerokuAgent` and `HerokuToolSpec` are made of."""
