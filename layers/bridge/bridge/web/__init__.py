"""HTTP, as API Gateway hands it to a function (payload format 2.0): requests in, answers and problems out."""
