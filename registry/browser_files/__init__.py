"""What browsers get besides pages: how pages look. What is not ours is fetched by `make setup`, never kept in git."""
