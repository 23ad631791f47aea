# What is looked for beside the project's own sources, and the package of Debian that brings it. All that
# is missing is told at once, by the command that installs it.

# need(libfmt-dev TARGET fmt::fmt): notes the package where the condition does not hold.
macro(need package)
  if(NOT (${ARGN}))
    list(APPEND missing_packages ${package})
  endif()
endmacro()

# Ends the configuration where packages are missing. CMake does not break lines that are indented.
function(report_missing_packages)
  if(missing_packages)
    list(REMOVE_DUPLICATES missing_packages)
    list(JOIN missing_packages " " packages)
    message(FATAL_ERROR "  What the build needs is not installed: apt-get install ${packages}")
  endif()
endfunction()
