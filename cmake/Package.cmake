# A Debian package of everything that `cmake --install` installs: tools/package makes it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME yent)
set(CPACK_PACKAGE_CONTACT "The yent authors" CACHE STRING "the maintainer: Name <address>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "text-to-image program with a bad character")
set(CPACK_PACKAGE_DESCRIPTION
"You say something; a small language model reacts; a small diffusion model
paints the reaction; you see it as a PNG and as coloured ASCII art. Both
models are in this package, and the program reads Stable Diffusion and
LLaMA-style models beside them. It computes on the CPU and needs no network.
.
The same is in libyent, a library with a C interface, for other programs.")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION graphics)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)        # what it depends on
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # how other packages depend on libyent
include(CPack)
