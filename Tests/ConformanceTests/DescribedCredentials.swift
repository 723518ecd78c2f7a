/// Keys and certificates made with the `openssl` program, valid from November 2026 on, for ha.example.org and ue0.example.org.
enum DescribedCredentials {
  static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBlTCCATugAwIBAgIUfLQNzSggFvLUH02F9Qjsgkjq0+0wCgYIKoZIzj0EAwIw
    HzEdMBsGA1UEAwwURGV0YWNoc3BlYyBUZXN0IFJvb3QwIBcNMjYxMTI2MDgzMzM2
    WhgPMjEyNTA2MjAwODMzMzZaMB8xHTAbBgNVBAMMFERldGFjaHNwZWMgVGVzdCBS
    b290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE87+QCTF/HGvbpvG6/Y+Bi/iS
    9TxRPNbsanZZ66I2ZAhb6QO2QuQT11ouMCGXdQCiWaM/oMEMXk8spqa5dhFOO6NT
    MFEwHQYDVR0OBBYEFE8pSgAQB1AMUisLsS+mHwqmPmYvMB8GA1UdIwQYMBaAFE8p
    SgAQB1AMUisLsS+mHwqmPmYvMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
    SAAwRQIgcKbRVJPZ5tWdUJU5emsgHN5xEFPym3PJ1reibI93YCMCIQDulgdiUlVE
    LZFqE/44xjk7Iu3W4+0uc8BKxuaSRy/NJg==
    -----END CERTIFICATE-----
    """
  static let homeAgent = """
    -----BEGIN CERTIFICATE-----
    MIIBmjCCAT+gAwIBAgIUeCDwxX800liH72Qcx8Drq8wxrGYwCgYIKoZIzj0EAwIw
    HzEdMBsGA1UEAwwURGV0YWNoc3BlYyBUZXN0IFJvb3QwIBcNMjYxMTI2MDgzMzM2
    WhgPMjEyNTA2MjAwODMzMzZaMBkxFzAVBgNVBAMMDmhhLmV4YW1wbGUub3JnMFkw
    EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3a9j89H7HKfONQj/7aU9s3T69LIDrvRs
    y/n6ZmBkDHfqIyj26oW8BUNReh3JX4MCr2QAKiM9R8EbT3/xhyiYUqNdMFswGQYD
    VR0RBBIwEIIOaGEuZXhhbXBsZS5vcmcwHQYDVR0OBBYEFGCtT8IKJgnBRODbwwB2
    sO5cuqlXMB8GA1UdIwQYMBaAFE8pSgAQB1AMUisLsS+mHwqmPmYvMAoGCCqGSM49
    BAMCA0kAMEYCIQC8zoq2ixcxipBICMTAF7oHowDF2O5EXFNLBJRF2+soyQIhAO2X
    hzgbTekkJoSGwcs4dLryKLmm1ecwWJIKiWiwxXvA
    -----END CERTIFICATE-----
    """
  static let homeAgentKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgh3a87XuOeKPOdfBv
    R9O+391JPpDG0DzxkDKy+bYDjmWhRANCAATdr2Pz0fscp841CP/tpT2zdPr0sgOu
    9GzL+fpmYGQMd+ojKPbqhbwFQ1F6HclfgwKvZAAqIz1HwRtPf/GHKJhS
    -----END PRIVATE KEY-----
    """
  static let userEquipment = """
    -----BEGIN CERTIFICATE-----
    MIIBnDCCAUGgAwIBAgIUeCDwxX800liH72Qcx8Drq8wxrGcwCgYIKoZIzj0EAwIw
    HzEdMBsGA1UEAwwURGV0YWNoc3BlYyBUZXN0IFJvb3QwIBcNMjYxMTI2MDgzMzM2
    WhgPMjEyNTA2MjAwODMzMzZaMBoxGDAWBgNVBAMMD3VlMC5leGFtcGxlLm9yZzBZ
    MBMGByqGSM49AgEGCCqGSM49AwEHA0IABMIYE9NPUDEnp8BvQVikb5ZQ5Gt21PZb
    eSmlnHHxxX12AEjEYcTg8sO5dwyeZ8OYdRG3yobdC1hcu9znaNFZdlyjXjBcMBoG
    A1UdEQQTMBGCD3VlMC5leGFtcGxlLm9yZzAdBgNVHQ4EFgQUzuPpE0btTgxiQyiN
    jyqDUz33ApgwHwYDVR0jBBgwFoAUTylKABAHUAxSKwuxL6YfCqY+Zi8wCgYIKoZI
    zj0EAwIDSQAwRgIhAMso2U8sNGqzZoxJXj2+zN67IRIYZjLYmceCh5vJdVtEAiEA
    ghZfC9EV0Q/XsYDWUVSUUn5e4SbrRy8z0oFJFJAaUAw=
    -----END CERTIFICATE-----
    """
  static let userEquipmentKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgS76wxjsfxGIyAsFo
    KHTuPOZyGKzLZnyMvIMKRT3T/AihRANCAATCGBPTT1AxJ6fAb0FYpG+WUORrdtT2
    W3kppZxx8cV9dgBIxGHE4PLDuXcMnmfDmHURt8qG3QtYXLvc52jRWXZc
    -----END PRIVATE KEY-----
    """

  /// By the names that descriptions call them.
  static let files = [
    "ca.pem": authority, "ha.pem": homeAgent, "ha.key": homeAgentKey, "ue.pem": userEquipment, "ue.key": userEquipmentKey,
  ]
}
