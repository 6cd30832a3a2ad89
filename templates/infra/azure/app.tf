locals {
  app             = coalesce(var.app, "${substr(local.name, 0, 50)}-${local.suffix}")
  app_id          = azurerm_linux_web_app.main.id
  app_contributor = "Website Contributor"
  host            = azurerm_linux_web_app.main.default_hostname

  app_delegation         = "Microsoft.Web/serverFarms"
  app_delegation_actions = ["Microsoft.Network/virtualNetworks/subnets/action"]
  public_ports           = []
  writes_secrets         = var.postgres != null

  # Until the first deploy the app has an image of Microsoft's that needs no login. It listens on
  # another port than the API does, so that it never counts as healthy; the apply does not wait.
  placeholder = "azuredocs/containerapps-helloworld@sha256:e9b3e7c34664c7cffd7144864b0e4eec369bfde80068f9095dc63b37058bec48"

  # Where the app begins. A deploy changes them, and no apply changes them back.
  first_settings = {
    WEBSITES_PORT                       = tostring(var.port)
    WEBSITES_ENABLE_APP_SERVICE_STORAGE = "false"
    WEBSITES_CONTAINER_START_TIME_LIMIT = "600"
    WEBSITE_SWAP_WARMUP_PING_PATH       = "/health"
    WEBSITE_SWAP_WARMUP_PING_STATUSES   = "200"
    WEBSITE_WARMUP_PATH                 = "/health"
  }
}

resource "azurerm_service_plan" "main" {
  name                = "plan-${local.name}"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  os_type             = "Linux"
  sku_name            = var.plan
  worker_count        = var.instances
  tags                = local.tags
}

resource "azurerm_linux_web_app" "main" {
  name                                           = local.app
  resource_group_name                            = azurerm_resource_group.main.name
  location                                       = azurerm_resource_group.main.location
  service_plan_id                                = azurerm_service_plan.main.id
  https_only                                     = true
  client_affinity_enabled                        = false
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false
  virtual_network_subnet_id                      = azurerm_subnet.app.id
  key_vault_reference_identity_id                = azurerm_user_assigned_identity.app.id
  app_settings                                   = local.first_settings
  tags                                           = local.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  site_config {
    always_on                                     = true
    ftps_state                                    = "Disabled"
    http2_enabled                                 = true
    minimum_tls_version                           = "1.2"
    scm_minimum_tls_version                       = "1.2"
    vnet_route_all_enabled                        = false
    health_check_path                             = "/health"
    health_check_eviction_time_in_min             = 2
    container_registry_use_managed_identity       = true
    container_registry_managed_identity_client_id = azurerm_user_assigned_identity.app.client_id

    application_stack {
      docker_image_name   = local.placeholder
      docker_registry_url = "https://mcr.microsoft.com"
    }
  }

  logs {
    detailed_error_messages = true
    failed_request_tracing  = true

    http_logs {
      file_system {
        retention_in_days = 3
        retention_in_mb   = 35
      }
    }
  }

  lifecycle {
    # The release that runs, and what it runs with, belong to `llmops deploy`.
    ignore_changes = [
      app_settings,
      sticky_settings,
      tags,
      site_config[0].app_command_line,
      site_config[0].application_stack,
    ]
  }

  depends_on = [azurerm_role_assignment.app_pulls, azurerm_role_assignment.app_reads_secrets]
}

resource "azurerm_linux_web_app_slot" "main" {
  count = startswith(var.plan, "B") ? 0 : 1

  name                                           = var.slot
  app_service_id                                 = azurerm_linux_web_app.main.id
  https_only                                     = true
  client_affinity_enabled                        = false
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false
  virtual_network_subnet_id                      = azurerm_subnet.app.id
  key_vault_reference_identity_id                = azurerm_user_assigned_identity.app.id
  app_settings                                   = local.first_settings
  tags                                           = local.tags

  # A swap does not take identities along: the slot needs its own.
  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  site_config {
    always_on                                     = true
    ftps_state                                    = "Disabled"
    http2_enabled                                 = true
    minimum_tls_version                           = "1.2"
    scm_minimum_tls_version                       = "1.2"
    vnet_route_all_enabled                        = false
    health_check_path                             = "/health"
    health_check_eviction_time_in_min             = 2
    container_registry_use_managed_identity       = true
    container_registry_managed_identity_client_id = azurerm_user_assigned_identity.app.client_id

    application_stack {
      docker_image_name   = local.placeholder
      docker_registry_url = "https://mcr.microsoft.com"
    }
  }

  logs {
    detailed_error_messages = true
    failed_request_tracing  = true

    http_logs {
      file_system {
        retention_in_days = 3
        retention_in_mb   = 35
      }
    }
  }

  lifecycle {
    ignore_changes = [
      app_settings,
      tags,
      site_config[0].app_command_line,
      site_config[0].application_stack,
    ]
  }
}

resource "azurerm_monitor_diagnostic_setting" "app" {
  name                       = "llmops"
  target_resource_id         = azurerm_linux_web_app.main.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.main.id

  enabled_log {
    category = "AppServiceConsoleLogs"
  }
  enabled_log {
    category = "AppServiceHTTPLogs"
  }
  enabled_log {
    category = "AppServicePlatformLogs"
  }
}
