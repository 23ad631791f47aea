# Checks for external software and names the Debian package that provides it. Everything that is missing
# is reported at once, with the command that installs it.

# need(libfmt-dev TARGET fmt::fmt): records the package as missing unless the condition holds.
macro(need package)
  if(NOT (${ARGN}))
    list(APPEND missing_packages ${package})
  endif()
endmacro()

# Ends the configuration if packages are missing. CMake does not break indented lines.
function(report_missing_packages)
  if(missing_packages)
    list(REMOVE_DUPLICATES missing_packages)
    list(JOIN missing_packages " " packages)
    message(FATAL_ERROR "  Software that the build needs is not installed: apt-get install ${packages}")
  endif()
endfunction()
