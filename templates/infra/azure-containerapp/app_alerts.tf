locals {
  metrics = "Microsoft.App/containerapps"

  # An app that may have no replica is in order without one.
  alerts = { for name, alert in local.measured : name => alert if name != "availability" || var.min_replicas > 0 }

  measured = {
    availability = {
      description = "No replica of the app runs."
      severity    = 1
      metric      = "Replicas"
      aggregation = "Maximum"
      operator    = "LessThan"
      threshold   = 1
      window      = "PT5M"
      dimensions  = {}
    }
    server-errors = {
      description = "The app answers with 5xx."
      severity    = 1
      metric      = "Requests"
      aggregation = "Total"
      operator    = "GreaterThan"
      threshold   = 10
      window      = "PT5M"
      dimensions  = { statusCodeCategory = ["5xx"] }
    }
    latency = {
      description = "Answers take longer than 30 seconds on average."
      severity    = 2
      metric      = "ResponseTime"
      aggregation = "Average"
      operator    = "GreaterThan"
      threshold   = 30000
      window      = "PT15M"
      dimensions  = {}
    }
    restarts = {
      description = "Replicas restart: the container crashes or its probes fail."
      severity    = 1
      metric      = "RestartCount"
      aggregation = "Maximum"
      operator    = "GreaterThan"
      threshold   = 3
      window      = "PT15M"
      dimensions  = {}
    }
  }
}
