resource "azurerm_monitor_action_group" "main" {
  count = var.alert_email == null ? 0 : 1

  name                = "ag-${local.name}"
  resource_group_name = azurerm_resource_group.main.name
  short_name          = substr(local.short, 0, 12)
  tags                = local.tags

  email_receiver {
    name                    = "operators"
    email_address           = var.alert_email
    use_common_alert_schema = true
  }
}

# Each kind of target says in local.alerts what is worth a mail.
resource "azurerm_monitor_metric_alert" "main" {
  for_each = { for name, alert in local.alerts : name => alert if var.alert_email != null }

  name                = "${local.name}-${each.key}"
  resource_group_name = azurerm_resource_group.main.name
  scopes              = [local.app_id]
  description         = each.value.description
  severity            = each.value.severity
  frequency           = "PT1M"
  window_size         = each.value.window
  tags                = local.tags

  criteria {
    metric_namespace = local.metrics
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = each.value.operator
    threshold        = each.value.threshold

    # An app that nobody has called yet has no such metric, and Azure would refuse the alert.
    skip_metric_validation = true

    dynamic "dimension" {
      for_each = each.value.dimensions
      content {
        name     = dimension.key
        operator = "Include"
        values   = dimension.value
      }
    }
  }

  action {
    action_group_id = azurerm_monitor_action_group.main[0].id
  }
}

resource "azurerm_consumption_budget_resource_group" "main" {
  count = var.monthly_budget == null ? 0 : 1

  name              = "budget-${local.name}"
  resource_group_id = azurerm_resource_group.main.id
  amount            = var.monthly_budget
  time_grain        = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00'Z'", plantimestamp())
  }

  notification {
    operator       = "GreaterThanOrEqualTo"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = [var.alert_email]
  }
  notification {
    operator       = "GreaterThanOrEqualTo"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_emails = [var.alert_email]
  }

  lifecycle {
    # It begins with the month of the first apply, and stays so.
    ignore_changes = [time_period]
  }
}
