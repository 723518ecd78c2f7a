extension FieldPath {
  // The fields of router solicitations and advertisements that code names itself.
  public static let solicitationCode = FieldPath(certain: "rs.code")
  public static let advertisedHopLimit = FieldPath(certain: "ra.cur-hop-limit")
  public static let advertisedManaged = FieldPath(certain: "ra.m")
  public static let advertisedOther = FieldPath(certain: "ra.o")
  public static let advertisedRouterLifetime = FieldPath(certain: "ra.router-lifetime")
  public static let prefixLength = FieldPath(certain: "prefix-information.prefix-length")
  public static let prefixOnLink = FieldPath(certain: "prefix-information.l")
  public static let prefixAutonomous = FieldPath(certain: "prefix-information.a")
  public static let prefixValidLifetime = FieldPath(certain: "prefix-information.valid-lifetime")
  public static let prefixPreferredLifetime = FieldPath(certain: "prefix-information.preferred-lifetime")
  public static let prefix = FieldPath(certain: "prefix-information.prefix")
  public static let recursiveDNSLifetime = FieldPath(certain: "rdnss.lifetime")

  /// All of the above.
  static let router: [FieldPath] = [
    solicitationCode, advertisedHopLimit, advertisedManaged, advertisedOther, advertisedRouterLifetime, prefixLength, prefixOnLink,
    prefixAutonomous, prefixValidLifetime, prefixPreferredLifetime, prefix, recursiveDNSLifetime,
  ]
}
