locals {
  app             = coalesce(var.app, trimsuffix(substr(var.project, 0, 32), "-"))
  app_id          = azurerm_container_app.main.id
  app_contributor = "Container Apps Contributor"
  host            = azurerm_container_app.main.ingress[0].fqdn

  app_delegation         = "Microsoft.App/environments"
  app_delegation_actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
  # 31443 is where the environment's own balancer sends what comes to 443.
  public_ports   = ["443", "31443"]
  writes_secrets = var.postgres != null || var.weaviate != null
}

resource "azurerm_container_app_environment" "main" {
  name                     = coalesce(var.environment, "cae-${local.name}")
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  infrastructure_subnet_id = azurerm_subnet.app.id
  # Not "log-analytics", which would put a key of the workspace into the environment.
  logs_destination = "azure-monitor"
  tags             = local.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }

  lifecycle {
    # Azure names it, and a change would replace the environment.
    ignore_changes = [infrastructure_resource_group_name]
  }

  depends_on = [azurerm_subnet_network_security_group_association.app]
}

# Until the first deploy the app runs an image of Microsoft's that needs no login: an app wants an
# image when it is made, and the registry that is made beside it is still empty. It listens where
# the API will, so that the first revision becomes ready and the apply does not wait in vain.
resource "azurerm_container_app" "main" {
  name                         = local.app
  resource_group_name          = azurerm_resource_group.main.name
  container_app_environment_id = azurerm_container_app_environment.main.id
  revision_mode                = "Multiple"
  workload_profile_name        = "Consumption"
  max_inactive_revisions       = 100
  tags                         = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  registry {
    server   = azurerm_container_registry.main.login_server
    identity = azurerm_user_assigned_identity.app.id
  }

  ingress {
    external_enabled           = true
    target_port                = var.port
    transport                  = "auto"
    allow_insecure_connections = false

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas = 0
    max_replicas = 1

    container {
      name    = "api"
      image   = "mcr.microsoft.com/azurelinux/base/python@sha256:b006d366ab67c2170e5ed5b7d34500e0291373df7faedc1d1ca2472944f6c7b2"
      command = ["python3", "-m", "http.server", tostring(var.port), "--directory", "/media"]
      cpu     = 0.25
      memory  = "0.5Gi"
    }
  }

  lifecycle {
    # The release that runs, its secrets and its traffic belong to `llmops deploy`.
    ignore_changes = [
      template,
      secret,
      tags,
      ingress[0].traffic_weight,
    ]
  }

  depends_on = [azurerm_role_assignment.app_pulls, azurerm_role_assignment.app_reads_secrets]
}

resource "azurerm_monitor_diagnostic_setting" "environment" {
  name                       = "llmops"
  target_resource_id         = azurerm_container_app_environment.main.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id

  enabled_log {
    category = "ContainerAppConsoleLogs"
  }
  enabled_log {
    category = "ContainerAppSystemLogs"
  }
}

output "environment" {
  value = azurerm_container_app_environment.main.name
}
