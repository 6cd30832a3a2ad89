# Worth a mail. What is measured differs by kind: `local.measured`.

locals {
  alerts = var.alert_email == null ? 0 : 1
}

resource "google_monitoring_notification_channel" "mail" {
  count = local.alerts

  display_name = "Operators of ${var.project}"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.main]
}

resource "google_monitoring_alert_policy" "errors" {
  count = local.alerts

  display_name = "${local.name}: errors"
  combiner     = "OR"
  severity     = "ERROR"
  user_labels  = local.labels

  conditions {
    display_name = "More than ${var.errors_percent} % of the answers are errors of the API's own"

    condition_prometheus_query_language {
      query               = "100 * sum(rate(${local.measured.errors}[5m])) / sum(rate(${local.measured.answers}[5m])) > ${var.errors_percent}"
      duration            = "300s"
      evaluation_interval = "60s"
    }
  }
  documentation {
    subject   = "${local.name} answers with errors"
    content   = "What serves, and why: `llmops status -t ${var.target}`, `llmops logs -t ${var.target}`. To go back: `llmops rollback -t ${var.target}`."
    mime_type = "text/markdown"
  }

  notification_channels = google_monitoring_notification_channel.mail[*].name
}

resource "google_monitoring_alert_policy" "latency" {
  count = local.alerts

  display_name = "${local.name}: latency"
  combiner     = "OR"
  severity     = "WARNING"
  user_labels  = local.labels

  conditions {
    display_name = "Of 100 answers, more than 5 take longer than ${var.latency_seconds} s"

    condition_prometheus_query_language {
      query               = "histogram_quantile(0.95, sum by (le) (rate(${local.measured.latency}[5m]))) > ${var.latency_seconds * 1000}"
      duration            = "300s"
      evaluation_interval = "60s"
    }
  }
  documentation {
    subject   = "${local.name} answers late"
    content   = "How many answer: `llmops status -t ${var.target}`. More of them: llmops.toml, [targets.${var.target}]."
    mime_type = "text/markdown"
  }

  notification_channels = google_monitoring_notification_channel.mail[*].name
}

resource "google_billing_budget" "main" {
  count = var.monthly_budget == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = local.name

  budget_filter {
    projects = ["projects/${data.google_project.main.number}"]
  }
  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }
  threshold_rules {
    threshold_percent = 0.8
  }
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    monitoring_notification_channels = google_monitoring_notification_channel.mail[*].id
  }

  depends_on = [google_project_service.main]
}
