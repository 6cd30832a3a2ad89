locals {
  zones_found = var.zone != null && !var.makes_zone ? 1 : 0
  zones_made  = var.zone != null && var.makes_zone ? 1 : 0
  zone_id     = var.zone == null ? null : one(concat(data.aws_route53_zone.main[*].zone_id, aws_route53_zone.main[*].zone_id))
  makes_proof = var.domain != null && var.certificate == null ? 1 : 0
}

data "aws_route53_zone" "main" {
  count = local.zones_found

  name = var.zone
}

resource "aws_route53_zone" "main" {
  count = local.zones_made

  #checkov:skip=CKV2_AWS_38:DNSSEC wants a key in another region and a record at the registrar, by hand.
  #checkov:skip=CKV2_AWS_39:Which names are asked for says nothing that the API's logs do not.
  name = var.zone
}

resource "aws_acm_certificate" "main" {
  count = local.makes_proof

  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  for_each = local.makes_proof == 0 ? toset([]) : toset([var.domain])

  zone_id         = local.zone_id
  name            = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.main[0].domain_validation_options).resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  count = local.makes_proof

  certificate_arn         = aws_acm_certificate.main[0].arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}

resource "aws_route53_record" "main" {
  count = var.zone == null ? 0 : 1

  zone_id = local.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = aws_lb.main.dns_name
    zone_id                = aws_lb.main.zone_id
    evaluate_target_health = false
  }
}
