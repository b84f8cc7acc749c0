#!/usr/bin/env node
// committed, because npm links a program only where its file exists when it installs
import '../dist/cli/main.js';
