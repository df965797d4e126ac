Console.WriteLine("Espalier benchmarks");
