locals {
  metrics = "Microsoft.Web/sites"

  alerts = {
    unhealthy = {
      description = "An instance does not answer on /health."
      severity    = 1
      metric      = "HealthCheckStatus"
      aggregation = "Average"
      operator    = "LessThan"
      threshold   = 100
      window      = "PT5M"
      dimensions  = {}
    }
    server-errors = {
      description = "The app answers with 5xx."
      severity    = 1
      metric      = "Http5xx"
      aggregation = "Total"
      operator    = "GreaterThan"
      threshold   = 10
      window      = "PT5M"
      dimensions  = {}
    }
    latency = {
      description = "Answers take longer than 30 seconds on average."
      severity    = 2
      metric      = "HttpResponseTime"
      aggregation = "Average"
      operator    = "GreaterThan"
      threshold   = 30
      window      = "PT15M"
      dimensions  = {}
    }
    memory = {
      description = "The container uses more than 1.5 GB, from where on small plans restart it."
      severity    = 2
      metric      = "MemoryWorkingSet"
      aggregation = "Average"
      operator    = "GreaterThan"
      threshold   = 1500000000
      window      = "PT15M"
      dimensions  = {}
    }
  }
}
