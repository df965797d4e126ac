using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Espalier.Text.Tokenization;

namespace Espalier.Benchmarks;

/// <summary>Hugging Face's tokenizers in a Node process that waits between rounds; see <c>tests/interop/speed.mjs</c>.</summary>
internal sealed class TokenizerPeer : IDisposable
{
    private readonly Process _node;
    private readonly string _folder;

    private TokenizerPeer(Process node, string folder) => (_node, _folder) = (node, folder);

    /// <summary>Starts the peer, or says what is missing and gives null.</summary>
    public static TokenizerPeer? Start(Tokenizer tokenizer, IEnumerable<byte[]> lines)
    {
        string interop = Interop();
        if (!Directory.Exists(Path.Join(interop, "node_modules", "tokenizers")))
        {
            Console.Error.WriteLine("no peer: run npm ci --ignore-scripts --prefix tests/interop");
            return null;
        }
        string folder = Directory.CreateTempSubdirectory("espalier-benchmark-").FullName;
        (string model, string text) = (Path.Join(folder, "tokenizer.json"), Path.Join(folder, "text"));
        tokenizer.Save(model);
        using (FileStream stream = File.Create(text))
            foreach (byte[] line in lines)
            {
                stream.Write(line);
                stream.WriteByte((byte)'\n');
            }
        try
        {
            var start = new ProcessStartInfo("node", [Path.Join(interop, "speed.mjs"), model, text]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            return new TokenizerPeer(Process.Start(start)!, folder);
        }
        catch (Win32Exception)
        {
            Directory.Delete(folder, recursive: true);
            Console.Error.WriteLine("no peer: Node is not installed");
            return null;
        }
    }

    /// <summary>Encodes the whole text once.</summary>
    public TokenizerBenchmark.Pass EncodeOnce()
    {
        _node.StandardInput.WriteLine();
        string answer = _node.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the peer ended early");
        return JsonSerializer.Deserialize(answer, TokenizerBenchmarkJson.Default.Pass)!;
    }

    public void Dispose()
    {
        _node.StandardInput.Close();
        _node.WaitForExit();
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Interop([CallerFilePath] string source = "") => Path.GetFullPath(Path.Join(Path.GetDirectoryName(source), "../../tests/interop"));
}
