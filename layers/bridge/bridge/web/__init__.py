"""HTTP requests and responses of API Gateway (payload format 2.0)."""
