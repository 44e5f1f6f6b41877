# Names and values of SNMP objects.
pkg_check_modules(NETSNMP REQUIRED IMPORTED_TARGET netsnmp)

coaxd_library(coaxd_docsis_snmp
  SOURCES oid.cc varbind.cc mib_tree.cc mib_resolve.cc mib_names.cc
  DEPENDS coaxd_base)
# The table is indexed while it is compiled, which takes more steps than a compiler allows unasked.
set_source_files_properties(mib_names.cc PROPERTIES COMPILE_OPTIONS
  "$<$<CXX_COMPILER_ID:Clang>:-fconstexpr-steps=20000000>;$<$<CXX_COMPILER_ID:GNU>:-fconstexpr-ops-limit=100000000>")

coaxd_library(coaxd_docsis_netsnmp SOURCES netsnmp_mibs.cc DEPENDS coaxd_docsis_snmp)
target_link_libraries(coaxd_docsis_netsnmp PRIVATE PkgConfig::NETSNMP)

coaxd_test(docsis_snmp_test
  SOURCES oid_test.cc varbind_test.cc mib_names_test.cc netsnmp_mibs_test.cc
  DEPENDS coaxd_docsis_netsnmp)
target_link_libraries(docsis_snmp_test PRIVATE PkgConfig::NETSNMP)
target_compile_definitions(docsis_snmp_test PRIVATE COAXD_GOLDEN="${CMAKE_SOURCE_DIR}/tests/docsis/golden")
